"""The billing flow: accounts and contacts of interworks.cloud BSS and companies and contacts of ConnectWise, both ways."""
