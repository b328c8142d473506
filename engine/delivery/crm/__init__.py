"""Customer files (CRM): how each wants its events, and who carries them there, in order and with patience."""
