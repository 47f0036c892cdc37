"""The authorization endpoint: an application asks, a person signs in and decides, a code goes back."""
