"""Which of several products to offer a shopper next: from what they bought, what they looked at, and where they are."""
