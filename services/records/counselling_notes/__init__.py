"""SUD counselling notes: stored and keyed apart, their author's alone, in no list, export or disclosure of a chart."""
