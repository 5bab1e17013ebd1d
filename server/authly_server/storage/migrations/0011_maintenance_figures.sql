-- What the last maintenance run did, for the metrics of the servers: one row, or none yet.

CREATE TABLE authly.maintenance_figures (
    singleton boolean CONSTRAINT maintenance_figures_pkey PRIMARY KEY DEFAULT true
        CONSTRAINT maintenance_figures_is_one_row CHECK (singleton),
    finished_at timestamptz NOT NULL DEFAULT now(),
    seconds double precision NOT NULL,
    -- Rows by table.
    removed jsonb NOT NULL
);
