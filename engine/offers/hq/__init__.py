"""Campaigns that HQ writes for several stores, and what a store may change of its own."""
