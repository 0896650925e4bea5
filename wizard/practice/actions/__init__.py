"""Actions of the practice tenant: drafts that are built, versions that are deployed, triggers that bind and run them."""
