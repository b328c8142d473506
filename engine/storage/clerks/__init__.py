"""What clerks have before them: orders that wait, and shoppers who chose to be known."""
