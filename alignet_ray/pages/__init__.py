"""What reports are made of: markup, a page's shell and style, plots, tiles and pictures.

The verbs may not import each other, and all of them show pictures and figures to people: what
knows nothing of any one of them lies here.
"""
