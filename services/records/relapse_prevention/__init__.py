"""The relapse-prevention plan of a patient: triggers, warning signs, skills, supports; every version is kept."""
