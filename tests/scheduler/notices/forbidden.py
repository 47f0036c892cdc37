"""Beginnings of words that would tell a stranger what an appointment is for; without accents, in lower case."""

import re
import unicodedata

from services.contracts.scheduler.notices import NoticeLanguage

STEMS = {
    NoticeLanguage.ENGLISH: """
        addict abstinen alcohol attend aftercare behavio breath care case center centre clean clinic cocaine
        counsel court custody cure detox diagnos disease disorder doctor dose drink drug dry drunk facilit family
        fentanyl group habit health heal heroin hospital illness inpatient intake intensive iop judge lab law medic
        mental methadone naloxone naltrexone narcotic nurse opiate opioid outpatient overdose parole patient physician
        practition prescri probation process program provider psych recover refill rehab relapse residential sample
        school screen session skill sober social sobriety specimen step suboxone substance support tele test therap
        toxic treat urin use vivitrol withdraw work
    """,
    NoticeLanguage.SPANISH: """
        abstinen abuso adicc adict alcohol ambulatori analisis apoyo asesor asist aliento bebid beb caso centro clase
        clinic cocain conducta consej consult consum cura custodia desintox diagnos doctor dosis droga ebri enferm
        escuela especimen fentanil familia grupo habito heroin hospital intensiv internado juez juicio laborator
        libertad limpi medic mental metadona muestra naloxona naltrexona narcotic opiace opioid orina paciente
        prescri procesal programa proveedor prueba psic psiq receta recai recuper rehab residencia salud sesion sobri
        sobredosis suboxone substan sustan taller terap toxi trabajo tratami trastorno tribunal uso
    """,
}


def forbidden_in(text: str, language: NoticeLanguage) -> list[str]:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return [stem for stem in STEMS[language].split() if re.search(rf"\b{stem}", bare)]
