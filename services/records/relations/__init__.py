"""What lets somebody of the programme see a patient: kept here, looked at beside every row, changed by `care_teams`."""
