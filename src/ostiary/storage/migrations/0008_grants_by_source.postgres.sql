-- A user's grants are found by their sessions, those without a session by their user: one index less with every token.

UPDATE token_grant SET session_id = 'user:' || user_id WHERE session_id = '';
DROP INDEX token_grant_user;
