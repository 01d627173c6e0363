"""One model per file: how a user's and an item's vector come about. Scoring is their inner product, always."""
