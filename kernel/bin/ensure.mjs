// placeholder until the set-up script lands
