"""The plan of care of an episode: problems, goals, objectives, interventions; every version and signature is kept."""
