"""What every flow needs of ConnectWise: companies, contacts, sites, members, catalog, set-up tables, lines."""
