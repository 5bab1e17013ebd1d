-- Whose address ADMIN_EMAIL is: each migration sees to that account, and gives an administrator the
-- password of the settings again. Until the first one that marks it, nobody is known to be it.
ALTER TABLE authly.users ADD COLUMN IF NOT EXISTS is_bootstrapped boolean NOT NULL DEFAULT false;
