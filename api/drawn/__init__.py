"""What is drawn for paper and for scanners, whoever asks for it."""
