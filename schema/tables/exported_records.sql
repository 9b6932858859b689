-- exported_records: what each record of the JSON files held when it was last exported, or imported.
--
-- An import needs it as the base of its three-way merge: what differs from it is somebody's edit. kind is person,
-- merge or relationship; id the person's id, the merged id, or the pair's two ids as a JSON array. record is the
-- record in the form in which records are compared (lifeos_db/record_forms.py): without counts and without defaults,
-- as one JSON object.
-- shown       the revision of the first export with this form
-- revision    whoever has this form has read an export of this revision or a later one: less than shown where a
--             legacy writer made the form, who had read only that much
-- known_from  the revision of the first export with this id
-- Rows stay when their record goes, so that an old copy is never taken for something new.
-- Written by: exports and imports, only where a record changed. A pair that says nothing by hand has no row.
CREATE TABLE exported_records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    record TEXT NOT NULL,
    revision INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
