"""Facts about shoppers as they are told to others: written in the transaction that makes each so."""
