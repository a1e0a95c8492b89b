from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("releases", "0002_links_and_times"),
    ]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="is_rollback",
            field=models.BooleanField(db_default=False),
        ),
    ]
