"""Teaching: human judgements and images of their objects to a surrogate teacher."""
