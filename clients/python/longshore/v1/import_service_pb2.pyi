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
    IMPORT_STATE_CANCELLING: _ClassVar[ImportState]
    IMPORT_STATE_CANCELLED: _ClassVar[ImportState]
    IMPORT_STATE_FAILING: _ClassVar[ImportState]
    IMPORT_STATE_FAILED: _ClassVar[ImportState]
IMPORT_STATE_UNSPECIFIED: ImportState
IMPORT_STATE_QUEUED: ImportState
IMPORT_STATE_STARTING: ImportState
IMPORT_STATE_WAITING_FOR_ASSETS: ImportState
IMPORT_STATE_READING: ImportState
IMPORT_STATE_COMPLETING: ImportState
IMPORT_STATE_PROCESSING: ImportState
IMPORT_STATE_SUCCEEDED: ImportState
IMPORT_STATE_SUCCEEDED_WITH_ERRORS: ImportState
IMPORT_STATE_CANCELLING: ImportState
IMPORT_STATE_CANCELLED: ImportState
IMPORT_STATE_FAILING: ImportState
IMPORT_STATE_FAILED: ImportState

class ImportFailure(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ObjectTypeProgress(_message.Message):
    __slots__ = ("object_type", "objects", "created", "updated", "identical", "removed")
    OBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    IDENTICAL_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    object_type: str
    objects: int
    created: int
    updated: int
    identical: int
    removed: int
    def __init__(self, object_type: _Optional[str] = ..., objects: _Optional[int] = ..., created: _Optional[int] = ..., updated: _Optional[int] = ..., identical: _Optional[int] = ..., removed: _Optional[int] = ...) -> None: ...

class ImportProgress(_message.Message):
    __slots__ = ("pages_read", "records_read", "objects_submitted", "chunks", "chunks_submitted", "quarantined", "object_types")
    PAGES_READ_FIELD_NUMBER: _ClassVar[int]
    RECORDS_READ_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    OBJECT_TYPES_FIELD_NUMBER: _ClassVar[int]
    pages_read: int
    records_read: int
    objects_submitted: int
    chunks: int
    chunks_submitted: int
    quarantined: int
    object_types: _containers.RepeatedCompositeFieldContainer[ObjectTypeProgress]
    def __init__(self, pages_read: _Optional[int] = ..., records_read: _Optional[int] = ..., objects_submitted: _Optional[int] = ..., chunks: _Optional[int] = ..., chunks_submitted: _Optional[int] = ..., quarantined: _Optional[int] = ..., object_types: _Optional[_Iterable[_Union[ObjectTypeProgress, _Mapping]]] = ...) -> None: ...

class Import(_message.Message):
    __slots__ = ("import_id", "name", "state", "run_number", "progress", "failure", "throttled_until", "create_time", "update_time", "end_time", "group_id")
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
    def __init__(self, import_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[ImportState, str]] = ..., run_number: _Optional[int] = ..., progress: _Optional[_Union[ImportProgress, _Mapping]] = ..., failure: _Optional[_Union[ImportFailure, _Mapping]] = ..., throttled_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_id: _Optional[str] = ...) -> None: ...

class StartImportRequest(_message.Message):
    __slots__ = ("name", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_id: str
    def __init__(self, name: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

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
