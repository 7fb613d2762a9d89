"""The store on PostgreSQL: any number of processes and machines on one database."""
