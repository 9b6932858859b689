-- After an interaction is dated anew: the exports are stale, because relationships show first and last dates.
CREATE TRIGGER interactions_after_update_timestamp AFTER UPDATE OF timestamp ON interactions
WHEN OLD.timestamp IS NOT NEW.timestamp
BEGIN
    UPDATE export_state SET revision = revision + 1 WHERE id = 1 AND revision = captured;
END;
