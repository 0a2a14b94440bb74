-- One row per attempt. The key is a UUIDv7, so it grows with time: it is the partition key too,
-- one partition per UTC day, and a time window is a range of the key.

CREATE TABLE predictions (
    prediction_id    uuid             NOT NULL,
    schema_version   smallint         NOT NULL,
    call_id          text             NOT NULL,
    attempt          smallint         NOT NULL,
    envoy_attempt    smallint         NOT NULL,
    kind             text             NOT NULL
        CONSTRAINT predictions_kind CHECK (kind IN ('call', 'row')),
    row_index        integer,
    row_count        integer          NOT NULL,
    failed_rows      integer          NOT NULL,
    sample_percent   double precision,
    method           text             NOT NULL,
    model_name       text             NOT NULL,
    model_version    text             NOT NULL,
    model_digest     text             NOT NULL,
    served_version   text             NOT NULL,
    routed_version   text,
    route            text
        CONSTRAINT predictions_route CHECK (route IN ('weight', 'pin', 'shadow')),
    traffic_revision text,
    sticky_key_hash  text,
    request_id       text,
    trace_id         text,
    server_instance  text             NOT NULL,
    inputs           jsonb,
    score            double precision,
    label            boolean,
    status_code      text             NOT NULL,
    error_field      text,
    latency_ms       double precision NOT NULL,
    created_at       timestamptz      NOT NULL,
    PRIMARY KEY (prediction_id)
) PARTITION BY RANGE (prediction_id);

-- Windows of one version: served_version = 'v7' AND prediction_id >= prediction_id_floor(…).
CREATE INDEX predictions_by_version ON predictions (served_version, prediction_id);
-- The attempts of one call, and the shadow that belongs to it.
CREATE INDEX predictions_by_call ON predictions (call_id);


CREATE FUNCTION prediction_id_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN rpad(lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0'), 32, '0')::uuid;
COMMENT ON FUNCTION prediction_id_floor IS
    'The smallest key of that millisecond: not above any key made then, above all made earlier.';

CREATE FUNCTION prediction_time(prediction_id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_timestamp(
    ('x' || translate(left(prediction_id::text, 13), '-', ''))::bit(48)::bigint / 1000.0
);
COMMENT ON FUNCTION prediction_time IS 'When the key was made, to the millisecond.';


CREATE FUNCTION has_prediction_day(day date) RETURNS boolean
LANGUAGE sql STABLE STRICT
RETURN EXISTS (
    SELECT FROM pg_inherits
    JOIN pg_class ON pg_class.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = 'predictions'::regclass
      AND pg_class.relname = 'predictions_' || to_char(day, 'YYYYMMDD')
);

CREATE FUNCTION ensure_prediction_day(day date) RETURNS void
LANGUAGE plpgsql STRICT
AS $$
DECLARE
    partition_name text := 'predictions_' || to_char(day, 'YYYYMMDD');
    today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
    IF has_prediction_day(day) THEN
        RETURN;
    END IF;
    IF day < date '2020-01-01' OR day > today + 7 THEN
        RAISE EXCEPTION 'no partition for %: the key of this row was not made by a right clock', day
            USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('weighbridge.predictions', 0));
    IF has_prediction_day(day) THEN
        RETURN;  -- another shipper was quicker
    END IF;
    -- Made beside the table and attached: CREATE … PARTITION OF would lock out its readers.
    EXECUTE format('CREATE TABLE %I (LIKE predictions INCLUDING ALL)', partition_name);
    EXECUTE format(
        'ALTER TABLE predictions ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition_name,
        prediction_id_floor(day::timestamp AT TIME ZONE 'UTC'),
        prediction_id_floor((day + 1)::timestamp AT TIME ZONE 'UTC')
    );
END
$$;
COMMENT ON FUNCTION ensure_prediction_day IS
    'Makes the partition of a UTC day when it is missing; safe when several do it at once.';


-- What judge and audit count: of each call the last attempt; a shadow is no attempt. The client
-- retries around Envoy, so its count outranks Envoy's.
CREATE VIEW calls AS
SELECT DISTINCT ON (call_id) *
FROM predictions
WHERE kind = 'call' AND route IS DISTINCT FROM 'shadow'
ORDER BY call_id, attempt DESC, envoy_attempt DESC, prediction_id DESC;

CREATE FUNCTION calls_between(since timestamptz, until timestamptz) RETURNS SETOF calls
LANGUAGE sql STABLE PARALLEL SAFE  -- not STRICT: it would hide the window from the planner
BEGIN ATOMIC
    SELECT *
    FROM (
        SELECT DISTINCT ON (call_id) *
        FROM predictions
        WHERE kind = 'call' AND route IS DISTINCT FROM 'shadow'
          -- An attempt outside the window may be the one that counts.
          AND prediction_id >= prediction_id_floor(since - interval '1 hour')
          AND prediction_id < prediction_id_floor(until + interval '1 hour')
        ORDER BY call_id, attempt DESC, envoy_attempt DESC, prediction_id DESC
    ) AS last_attempt
    WHERE prediction_id >= prediction_id_floor(since)
      AND prediction_id < prediction_id_floor(until);
END;
COMMENT ON FUNCTION calls_between IS
    'The view calls for a window, reading only the days it needs. Counts each call in the window '
    'of its last attempt; the attempts of a call must lie within an hour.';
