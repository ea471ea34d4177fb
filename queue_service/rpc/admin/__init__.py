"""QueueAdminService over the broker: a module for each kind of thing that operators look after."""
