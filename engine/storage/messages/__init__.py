"""What shoppers are told beside coupons, and the slots that everything they are told takes."""
