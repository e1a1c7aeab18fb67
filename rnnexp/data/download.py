"""A file of a data set, fetched once from its address and checked."""

from pathlib import Path

from rnnexp.errors import DataError


def download(url: str, checksum: str, folder: Path, name: str, way_out: str) -> Path:
    """Fetch a file into `folder`, where it appears once it is complete and checked.

    checksum: `algorithm:digest`. name: what the file is called there. way_out: what to do instead,
    which ends the message of the DataError where there is no such file at the address.
    """
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("WARNING")
    try:
        fetch = pooch.HTTPDownloader(progressbar=True, timeout=30)
        return Path(
            pooch.retrieve(url, known_hash=checksum, fname=name, path=folder, downloader=fetch)
        )
    except RequestException as error:
        raise DataError(f"{url} cannot be downloaded ({_short(error)}); {way_out}") from None
    except ValueError as error:
        if "hash" not in str(error):
            raise DataError(f"{url} cannot be downloaded ({error}); {way_out}") from None
        raise DataError(
            f"{url}: what was downloaded has the wrong checksum and was thrown away; {way_out}"
        ) from None
    except OSError as error:
        raise DataError(f"{url} cannot be saved in {folder} ({error.strerror or error})") from None


def _short(error: Exception) -> str:
    """The kind of a network error and its status; its own message repeats the address."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    return type(error).__name__
