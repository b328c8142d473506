"""What is not told: few people in an hour, and differences by which they would show."""
