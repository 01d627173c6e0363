"""What a table and a figure of the same simulation share: rows summed up over trials."""
