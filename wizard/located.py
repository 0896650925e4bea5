"""Where a path that somebody typed leads, with an error to act on where it can lead nowhere."""

from __future__ import annotations

import errno
from pathlib import Path

from wizard.errors import SourceError


def located(typed: str, base: Path) -> Path:
    """The place of a path seen from a folder, `~` being a home folder; whether a file is there is another question.

    Raises:
        SourceError: there can be no file of this path, or this user may not see whether there is one.
    """
    try:
        place = base / Path(typed).expanduser()
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return place
    except RuntimeError:
        home = Path(typed).parts[0]
        raise SourceError(f"Nobody has the home folder {home}", remedy="give the whole path.") from None
    except ValueError:
        raise SourceError("The path holds a character that no path may have", remedy="type it anew.") from None
    except PermissionError:
        raise SourceError(
            f"This user may not look into {place.parent}", remedy="give permission, or copy the file to another folder."
        ) from None
    except OSError as error:
        long = error.errno == errno.ENAMETOOLONG
        what = "A name in the path is longer than a name can be" if long else f"{place} cannot be looked at"
        raise SourceError(what, why="" if long else error.strerror or "", remedy="correct the path.") from None
    return place
