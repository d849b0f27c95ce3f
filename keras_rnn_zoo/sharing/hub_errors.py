"""Errors of the Hugging Face Hub, and of the way to it, as messages of one paragraph."""

import contextlib
from collections.abc import Iterator

from keras_rnn_zoo.display.printing import one_line
from keras_rnn_zoo.errors import HubError, ZooError
from keras_rnn_zoo.sharing.address import Address

_LOGIN = (
    "Log in with `hf auth login`, or name a file that contains a token with --token-file. Tokens are made on "
    "https://huggingface.co/settings/tokens"
)


@contextlib.contextmanager
def hub_errors(address: Address, *, writing: bool) -> Iterator[None]:
    """Converts what huggingface_hub raises inside a `with` block to `HubError`.

    Args:
        address: the repository.
        writing: whether the block writes to it.
    """
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        causes: list[BaseException] = [error]  # Errors of uploads are the causes of others.
        while cause := causes[-1].__cause__:
            causes.append(cause)
        messages = [_message(one, address, writing) for one in causes if isinstance(one, Exception)]
        message = next(filter(None, messages), "")
        if not message and isinstance(error, OSError):  # Of a local file.
            raise
        reason = one_line(f"{type(error).__name__}: {error}")[:200]
        unclear = f"The Hub gave an answer about {address} that huggingface_hub cannot use ({reason}). Try again later."
        raise HubError(message or unclear) from error


def _message(error: Exception, address: Address, writing: bool) -> str:
    """Returns what happened and what to do; "" for an error that has nothing to do with the Hub."""
    from huggingface_hub import errors

    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    said = str(getattr(error, "server_message", None) or "").strip().rstrip(".")
    said = f" ({said})" if said else ""
    if isinstance(error, errors.LocalTokenNotFoundError):
        return f"No login for the Hugging Face Hub was found, which {address} needs. {_LOGIN}."
    if isinstance(error, errors.OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE=1 disables the network, which {address} needs. Unset it."
    if isinstance(error, errors.GatedRepoError):
        return f"The owner of {address} must grant you access. Ask for it on the page of the repository, and log in."
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"The repository hf://{address.repository} has no revision {address.revision!r}. Name another, or omit it."
        )
    if isinstance(error, errors.LocalEntryNotFoundError):
        return _unreachable(address)
    if status == 409:
        return (
            f"There is already a repository {address} on the Hub{said}. Replace the run in it with --overwrite, or "
            "choose another name."
        )
    if isinstance(error, errors.RepositoryNotFoundError) and not writing:
        return (
            f"There is no repository hf://{address.repository} on the Hub, or it is private and your login may not "
            f"read it{said}. Check the name. {_LOGIN}."
        )
    if isinstance(error, errors.EntryNotFoundError):
        return f"A file of {address} is missing on the Hub{said}. Pull again: it may have been replaced meanwhile."
    if status in (401, 403, 404):
        what = "write to" if writing else "read"
        return f"The Hub refused your login (status {status}): it may not {what} {address}{said}. {_LOGIN}."
    if status == 429:
        return f"The Hub has received too many requests from you{said}. Wait a few minutes, and try again."
    if status is not None and status >= 500:
        return f"The Hub failed (status {status}) while {address} was used{said}. Try again later."
    if status is not None:
        return f"The Hub refused the request for {address} (status {status}){said}. Check the name and the files."
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, TimeoutError) or "TimeoutException" in kinds:
        return f"The Hub did not answer in time while {address} was used. Check the connection, and try again."
    if isinstance(error, ConnectionError) or "HTTPError" in kinds:  # The base class of the HTTP library's errors.
        return _unreachable(address)
    if isinstance(error, errors.HFValidationError):
        return f"The Hub does not accept {address}: {str(error).rstrip('.')}. Choose another name."
    return ""


def _unreachable(address: Address) -> str:
    return (
        f"The Hub cannot be reached, which {address} needs. Check the connection, and HF_ENDPOINT if you have set it."
    )
