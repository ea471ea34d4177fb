import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORT_STATE_UNSPECIFIED: _ClassVar[ImportState]
    IMPORT_STATE_QUEUED: _ClassVar[ImportState]
    IMPORT_STATE_STARTING: _ClassVar[ImportState]
    IMPORT_STATE_WAITING_FOR_ASSETS: _ClassVar[ImportState]
    IMPORT_STATE_READING: _ClassVar[ImportState]
    IMPORT_STATE_COMPLETING: _ClassVar[ImportState]
    IMPORT_STATE_PROCESSING: _ClassVar[ImportState]
    IMPORT_STATE_SUCCEEDED: _ClassVar[ImportState]
    IMPORT_STATE_SUCCEEDED_WITH_ERRORS: _ClassVar[ImportState]
    IMPORT_STATE_SUSPENDED: _ClassVar[ImportState]
    IMPORT_STATE_CANCELLING: _ClassVar[ImportState]
    IMPORT_STATE_CANCELLED: _ClassVar[ImportState]
    IMPORT_STATE_FAILING: _ClassVar[ImportState]
    IMPORT_STATE_FAILED: _ClassVar[ImportState]

class ImportMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORT_MODE_UNSPECIFIED: _ClassVar[ImportMode]
    IMPORT_MODE_FULL: _ClassVar[ImportMode]
    IMPORT_MODE_INCREMENTAL: _ClassVar[ImportMode]
    IMPORT_MODE_REHEARSAL: _ClassVar[ImportMode]
IMPORT_STATE_UNSPECIFIED: ImportState
IMPORT_STATE_QUEUED: ImportState
IMPORT_STATE_STARTING: ImportState
IMPORT_STATE_WAITING_FOR_ASSETS: ImportState
IMPORT_STATE_READING: ImportState
IMPORT_STATE_COMPLETING: ImportState
IMPORT_STATE_PROCESSING: ImportState
IMPORT_STATE_SUCCEEDED: ImportState
IMPORT_STATE_SUCCEEDED_WITH_ERRORS: ImportState
IMPORT_STATE_SUSPENDED: ImportState
IMPORT_STATE_CANCELLING: ImportState
IMPORT_STATE_CANCELLED: ImportState
IMPORT_STATE_FAILING: ImportState
IMPORT_STATE_FAILED: ImportState
IMPORT_MODE_UNSPECIFIED: ImportMode
IMPORT_MODE_FULL: ImportMode
IMPORT_MODE_INCREMENTAL: ImportMode
IMPORT_MODE_REHEARSAL: ImportMode

class ImportFailure(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ExpectedEffects(_message.Message):
    __slots__ = ("created", "updated", "missing", "estimated")
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    created: int
    updated: int
    missing: int
    estimated: bool
    def __init__(self, created: _Optional[int] = ..., updated: _Optional[int] = ..., missing: _Optional[int] = ..., estimated: _Optional[bool] = ...) -> None: ...

class ObjectTypeProgress(_message.Message):
    __slots__ = ("object_type", "objects", "created", "updated", "identical", "removed", "expected")
    OBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    IDENTICAL_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    object_type: str
    objects: int
    created: int
    updated: int
    identical: int
    removed: int
    expected: ExpectedEffects
    def __init__(self, object_type: _Optional[str] = ..., objects: _Optional[int] = ..., created: _Optional[int] = ..., updated: _Optional[int] = ..., identical: _Optional[int] = ..., removed: _Optional[int] = ..., expected: _Optional[_Union[ExpectedEffects, _Mapping]] = ...) -> None: ...

class ImportProgress(_message.Message):
    __slots__ = ("pages_read", "records_read", "objects_submitted", "chunks", "chunks_submitted", "quarantined", "object_types", "records_expected")
    PAGES_READ_FIELD_NUMBER: _ClassVar[int]
    RECORDS_READ_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    OBJECT_TYPES_FIELD_NUMBER: _ClassVar[int]
    RECORDS_EXPECTED_FIELD_NUMBER: _ClassVar[int]
    pages_read: int
    records_read: int
    objects_submitted: int
    chunks: int
    chunks_submitted: int
    quarantined: int
    object_types: _containers.RepeatedCompositeFieldContainer[ObjectTypeProgress]
    records_expected: int
    def __init__(self, pages_read: _Optional[int] = ..., records_read: _Optional[int] = ..., objects_submitted: _Optional[int] = ..., chunks: _Optional[int] = ..., chunks_submitted: _Optional[int] = ..., quarantined: _Optional[int] = ..., object_types: _Optional[_Iterable[_Union[ObjectTypeProgress, _Mapping]]] = ..., records_expected: _Optional[int] = ...) -> None: ...

class Import(_message.Message):
    __slots__ = ("import_id", "name", "state", "run_number", "progress", "failure", "throttled_until", "create_time", "update_time", "end_time", "group_id", "mode", "accept_shrink", "suspended_until", "allowed_empty")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RUN_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    THROTTLED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_SHRINK_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_EMPTY_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    name: str
    state: ImportState
    run_number: int
    progress: ImportProgress
    failure: ImportFailure
    throttled_until: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    group_id: str
    mode: ImportMode
    accept_shrink: bool
    suspended_until: _timestamp_pb2.Timestamp
    allowed_empty: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, import_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[ImportState, str]] = ..., run_number: _Optional[int] = ..., progress: _Optional[_Union[ImportProgress, _Mapping]] = ..., failure: _Optional[_Union[ImportFailure, _Mapping]] = ..., throttled_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_id: _Optional[str] = ..., mode: _Optional[_Union[ImportMode, str]] = ..., accept_shrink: _Optional[bool] = ..., suspended_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., allowed_empty: _Optional[_Iterable[str]] = ...) -> None: ...

class StartImportRequest(_message.Message):
    __slots__ = ("name", "config", "request_id", "accept_shrink", "full", "rehearse", "inputs")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_SHRINK_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    REHEARSE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    config: str
    request_id: str
    accept_shrink: bool
    full: bool
    rehearse: bool
    inputs: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., config: _Optional[str] = ..., request_id: _Optional[str] = ..., accept_shrink: _Optional[bool] = ..., full: _Optional[bool] = ..., rehearse: _Optional[bool] = ..., inputs: _Optional[_Mapping[str, str]] = ...) -> None: ...

class StartImportResponse(_message.Message):
    __slots__ = ("run", "already_active")
    RUN_FIELD_NUMBER: _ClassVar[int]
    ALREADY_ACTIVE_FIELD_NUMBER: _ClassVar[int]
    run: Import
    already_active: bool
    def __init__(self, run: _Optional[_Union[Import, _Mapping]] = ..., already_active: _Optional[bool] = ...) -> None: ...

class GetImportRequest(_message.Message):
    __slots__ = ("import_id",)
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    def __init__(self, import_id: _Optional[str] = ...) -> None: ...

class GetImportResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Import
    def __init__(self, run: _Optional[_Union[Import, _Mapping]] = ...) -> None: ...

class ListImportsRequest(_message.Message):
    __slots__ = ("name", "page_size", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    page_size: int
    page_token: str
    def __init__(self, name: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListImportsResponse(_message.Message):
    __slots__ = ("imports", "next_page_token")
    IMPORTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    imports: _containers.RepeatedCompositeFieldContainer[Import]
    next_page_token: str
    def __init__(self, imports: _Optional[_Iterable[_Union[Import, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchImportRequest(_message.Message):
    __slots__ = ("import_id",)
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    def __init__(self, import_id: _Optional[str] = ...) -> None: ...

class WatchImportResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Import
    def __init__(self, run: _Optional[_Union[Import, _Mapping]] = ...) -> None: ...

class CancelImportRequest(_message.Message):
    __slots__ = ("import_id",)
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    def __init__(self, import_id: _Optional[str] = ...) -> None: ...

class CancelImportResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Import
    def __init__(self, run: _Optional[_Union[Import, _Mapping]] = ...) -> None: ...

class ResumeImportRequest(_message.Message):
    __slots__ = ("import_id",)
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    def __init__(self, import_id: _Optional[str] = ...) -> None: ...

class ResumeImportResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Import
    def __init__(self, run: _Optional[_Union[Import, _Mapping]] = ...) -> None: ...

class CheckImportRequest(_message.Message):
    __slots__ = ("name", "inputs")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    inputs: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., inputs: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ConnectionCheck(_message.Message):
    __slots__ = ("subject", "ok", "message")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    subject: str
    ok: bool
    message: str
    def __init__(self, subject: _Optional[str] = ..., ok: _Optional[bool] = ..., message: _Optional[str] = ...) -> None: ...

class CheckImportResponse(_message.Message):
    __slots__ = ("checks",)
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    checks: _containers.RepeatedCompositeFieldContainer[ConnectionCheck]
    def __init__(self, checks: _Optional[_Iterable[_Union[ConnectionCheck, _Mapping]]] = ...) -> None: ...

class PreviewImportRequest(_message.Message):
    __slots__ = ("name", "resource", "max_records", "inputs")
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    MAX_RECORDS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    resource: str
    max_records: int
    inputs: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., resource: _Optional[str] = ..., max_records: _Optional[int] = ..., inputs: _Optional[_Mapping[str, str]] = ...) -> None: ...

class PreviewRecord(_message.Message):
    __slots__ = ("record", "objects", "reasons", "filtered")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    record: str
    objects: _containers.RepeatedCompositeFieldContainer[PreviewObject]
    reasons: _containers.RepeatedScalarFieldContainer[str]
    filtered: bool
    def __init__(self, record: _Optional[str] = ..., objects: _Optional[_Iterable[_Union[PreviewObject, _Mapping]]] = ..., reasons: _Optional[_Iterable[str]] = ..., filtered: _Optional[bool] = ...) -> None: ...

class PreviewObject(_message.Message):
    __slots__ = ("object_type", "object")
    OBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    object_type: str
    object: str
    def __init__(self, object_type: _Optional[str] = ..., object: _Optional[str] = ...) -> None: ...

class PreviewImportResponse(_message.Message):
    __slots__ = ("url", "pagination", "records", "chunks", "truncated")
    URL_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    url: str
    pagination: str
    records: _containers.RepeatedCompositeFieldContainer[PreviewRecord]
    chunks: _containers.RepeatedScalarFieldContainer[bytes]
    truncated: bool
    def __init__(self, url: _Optional[str] = ..., pagination: _Optional[str] = ..., records: _Optional[_Iterable[_Union[PreviewRecord, _Mapping]]] = ..., chunks: _Optional[_Iterable[bytes]] = ..., truncated: _Optional[bool] = ...) -> None: ...

class ListQuarantineRequest(_message.Message):
    __slots__ = ("import_id", "page_size", "page_token", "retry")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    page_size: int
    page_token: str
    retry: bool
    def __init__(self, import_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., retry: _Optional[bool] = ...) -> None: ...

class QuarantinedRecord(_message.Message):
    __slots__ = ("resource", "page", "position", "url", "identity", "reasons", "record", "retried")
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    RETRIED_FIELD_NUMBER: _ClassVar[int]
    resource: str
    page: int
    position: int
    url: str
    identity: str
    reasons: _containers.RepeatedScalarFieldContainer[str]
    record: str
    retried: PreviewRecord
    def __init__(self, resource: _Optional[str] = ..., page: _Optional[int] = ..., position: _Optional[int] = ..., url: _Optional[str] = ..., identity: _Optional[str] = ..., reasons: _Optional[_Iterable[str]] = ..., record: _Optional[str] = ..., retried: _Optional[_Union[PreviewRecord, _Mapping]] = ...) -> None: ...

class ListQuarantineResponse(_message.Message):
    __slots__ = ("records", "next_page_token")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[QuarantinedRecord]
    next_page_token: str
    def __init__(self, records: _Optional[_Iterable[_Union[QuarantinedRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
