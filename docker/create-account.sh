#!/bin/bash
# Runs once, when the MySQL of compose.yml is new: the account that Canal reads with.
mysql -uroot -p"$MYSQL_ROOT_PASSWORD" <<SQL
CREATE USER canal@'%' IDENTIFIED BY '$CANAL_SOURCE_PASSWORD';
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO canal@'%';
SQL
