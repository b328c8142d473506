"""Which segments shoppers belong to: their facts, worked out in batches, and how many people are in each."""
