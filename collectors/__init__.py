"""Who plays, how battles become episodes, and how a collection fills a store."""
