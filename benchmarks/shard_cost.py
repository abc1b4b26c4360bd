"""Claim: neither the time nor the memory of a shard depends on the number of images in the table.

Tables of 10,000, 100,000 and 1,000,000 rows with tiny images, each labelled in a process of its
own with one thread, in turns. There are two regimes, and only like is compared with like:

- whole table: where the table has no more rows than the pool, all of it is the pool (10,000 rows
  with the default pool of 16,384), and a shard reads all its parts;
- pooled: a shard draws its pool of row groups from the table. All three sizes with a pool of
  1,024 rows; and the two larger ones with the default pool.

A pool's row groups lie in as many parts as there are row groups, but for those that meet by
chance in one part. In a small table many meet, and opening a file costs what reading a thousand
tiny images costs; so every part here is one row group, and the time is that of the same number
of files of the same size. Peak memory is that of a process that makes shards and nothing else.
"""
