from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("sandboxes", "0007_published_files"),
    ]

    operations = [
        migrations.RenameField(model_name="sandbox", old_name="pool", new_name="class_id"),
    ]
