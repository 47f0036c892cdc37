"""Internal tokens: how one service calls another for the person whose request it serves."""
