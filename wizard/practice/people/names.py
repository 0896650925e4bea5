"""Invented names of the practice store, in the scripts that real stores hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one locale: as people write them, and as they appear in their addresses."""

    locale: str
    weight: int
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`Zoë=zoe Anna` -> (("Zoë", "zoe"), ("Anna", "anna")); an underscore stands for a blank."""
    pairs = (part.partition("=") for part in text.split())
    return tuple((written.replace("_", " "), latin or written.lower()) for written, _, latin in pairs)


def _names(locale: str, weight: int, given: str, family: str) -> Names:
    return Names(locale, weight, _pairs(given), _pairs(family))


LOCALES = (
    _names(
        "en-US",
        30,
        "Ada Grace Alan Barbara Dennis Margaret Edsger Frances Kenneth Radia Linus Katherine Donald Joan Tim Hedy "
        "D'Arcy=darcy Mary-Jane=mary-jane",
        "Smith Johnson Okafor O'Neill=oneill Walker Rivera Brooks Fitzgerald Nguyen Patel Cohen Whitfield "
        "Featherstonehaugh St._John=stjohn Van_Dyke=vandyke",
    ),
    _names(
        "en-GB", 12, "Oliver Amelia Harry Isla George Poppy Alfie", "Jones Taylor Ashworth Penhaligon Hughes MacLeod"
    ),
    _names(
        "de-DE",
        14,
        "Jürgen=juergen Käthe=kaethe Anneliese Björn=bjoern Günther=guenther Ute Karl-Heinz=karl-heinz Sören=soeren",
        "Müller=mueller Groß=gross Schäfer=schaefer Weiß=weiss Krüger=krueger Schmidt von_der_Heide=vonderheide",
    ),
    _names(
        "fr-FR",
        10,
        "Zoë=zoe François=francois Hélène=helene Chloé=chloe Jérôme=jerome Maëlys=maelys Anaïs=anais",
        "Lefèvre=lefevre Dupont Garçon=garcon Bézier=bezier Beauséjour=beausejour L'Hôpital=lhopital",
    ),
    _names(
        "sv-SE",
        6,
        "Åsa=asa Björk=bjork Örjan=orjan Linnéa=linnea Märta=marta Gösta=gosta",
        "Ångström=angstrom Sjöberg=sjoberg Lindqvist Öberg=oberg Håkansson=hakansson",
    ),
    _names(
        "pl-PL", 5, "Łukasz=lukasz Małgorzata=malgorzata Zbigniew Świętosława=swietoslawa", "Żółć=zolc Wójcik=wojcik"
    ),
    _names("tr-TR", 4, "İpek=ipek Çağla=cagla Oğuz=oguz Işıl=isil", "Yılmaz=yilmaz Şahin=sahin Öztürk=ozturk"),
    _names("vi-VN", 3, "Thị_Hương=thihuong Đức=duc Nguyệt=nguyet", "Nguyễn=nguyen Trần=tran Phạm=pham"),
    _names("ru-RU", 4, "Анна=anna Дмитрий=dmitri Ольга=olga Фёдор=fyodor", "Иванова=ivanova Щукин=shchukin Ким=kim"),
    _names("el-GR", 2, "Ελένη=eleni Γιώργος=giorgos", "Παπαδόπουλος=papadopoulos Νικολάου=nikolaou"),
    _names("ar-EG", 3, "فاطمة=fatima أحمد=ahmed ليلى=layla", "الخطيب=alkhatib حسن=hassan"),
    _names("he-IL", 1, "נועה=noa איתן=eitan", "לוי=levi מזרחי=mizrahi"),
    _names("ja-JP", 3, "さくら=sakura 健太=kenta 美咲=misaki", "佐藤=sato 髙橋=takahashi 𠮷田=yoshida"),
    _names("zh-CN", 3, "伟=wei 秀英=xiuying 静=jing", "王=wang 李=li 欧阳=ouyang"),
    _names("ko-KR", 2, "지우=jiwoo 민준=minjun", "김=gim 박=bak"),
    _names("hi-IN", 2, "आरव=aarav प्रिया=priya", "शर्मा=sharma त्रिपाठी=tripathi"),
    _names(
        "es-MX",
        6,
        "José_María=josemaria Íñigo=inigo María_de_los_Ángeles_Guadalupe=angeles Belén=belen",
        "Muñoz=munoz Peña=pena Fernández_de_la_Vega_y_Rodríguez_de_Guzmán=fernandez",
    ),
)
