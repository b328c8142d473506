"""What is told of people, out of rows that stay where they are."""
