"""The managers' pages of figures: any period by the store's calendar, compared, filtered, drawn, and handed out."""
