"""What a plan will cost before it runs: CPU time, memory and disk, predicted from runs that were measured."""
