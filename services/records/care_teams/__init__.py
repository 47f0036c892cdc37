"""Who treats whom, who works where, and whose glass was broken in an emergency: entering, ending, reviewing."""
