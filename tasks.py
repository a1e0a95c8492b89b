"""What `invoke` finds: every task is in `towpath.tasks`."""

from towpath.tasks.namespace import collection

namespace = collection()
