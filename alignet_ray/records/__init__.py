"""What lies on disk: one module per record, each with its writer and its reader."""
