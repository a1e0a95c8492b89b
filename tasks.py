"""What `invoke` finds: every task is in `towpath.tasks`."""

from towpath.tasks.collection import collection

namespace = collection()
