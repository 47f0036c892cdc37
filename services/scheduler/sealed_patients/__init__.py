"""Patients whose records were sealed or shredded: nothing is planned of them any more."""
