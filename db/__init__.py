"""What is remembered: models, the session (the only commit), repositories, migrations, reference data.

Repositories take a session first and return models; they never commit and never publish.
No telephone, web or recogniser word may live here.
"""
