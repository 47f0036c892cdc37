"""One type for each thing that has an identifier, so that a patient's is never passed for a room's."""

from typing import NewType
from uuid import UUID

OrganizationId = NewType("OrganizationId", UUID)
AccountId = NewType("AccountId", UUID)
LoginSessionId = NewType("LoginSessionId", UUID)
PatientId = NewType("PatientId", UUID)
TreatmentPlanId = NewType("TreatmentPlanId", UUID)
CareTeamMemberId = NewType("CareTeamMemberId", UUID)
SiteMemberId = NewType("SiteMemberId", UUID)
EmergencyAccessId = NewType("EmergencyAccessId", UUID)
SiteId = NewType("SiteId", UUID)
RoomId = NewType("RoomId", UUID)
PractitionerId = NewType("PractitionerId", UUID)
GroupSeriesId = NewType("GroupSeriesId", UUID)
GroupOfferingId = NewType("GroupOfferingId", UUID)
CommitmentId = NewType("CommitmentId", UUID)
CommitmentSourceId = NewType("CommitmentSourceId", UUID)
SolveId = NewType("SolveId", UUID)
ProposalId = NewType("ProposalId", UUID)
ProposalChangeId = NewType("ProposalChangeId", UUID)
TimetableId = NewType("TimetableId", UUID)
AppointmentId = NewType("AppointmentId", UUID)
WaitlistEntryId = NewType("WaitlistEntryId", UUID)
NoticeId = NewType("NoticeId", UUID)
OfferBatchId = NewType("OfferBatchId", UUID)
OfferId = NewType("OfferId", UUID)
