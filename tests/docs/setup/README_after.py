"""What the example of the README built, put to the test: a reply becomes a comment, a direct message never does."""

from fedtext import Visibility
from fedtext.social import Social
from fedtext.testing.network import VirtualNetwork

network = VirtualNetwork()
network.add(fed)
peer = Federation("https://mastodon.example", backend=connect("memory://"), worker="off")
social = Social(peer)
network.add(peer)


async def settle():
    """Let both servers work until nothing is due."""
    while await fed.worker().drain() + await peer.worker().drain():
        pass


bob = await social.create_actor("bob")
alice_id = "https://blog.example/ap/users/1"
post_id = "https://blog.example/ap/posts/1"
await bob.follow(alice_id)
await settle()
assert str(await bob.following(alice_id)) == "FollowState.ACCEPTED"

await bob.reply(post_id, "A comment for everybody")
await settle()
table = fed.behavior(Replies)._repository
assert [reply.text for reply in table.rows.values()] == ["A comment for everybody"]

for visibility in (Visibility.DIRECT, Visibility.FOLLOWERS):
    secret = await bob.post("psst, for you alone", visibility=visibility, to=alice_id)
    await bob.reply(post_id, "psst, below your post", visibility=visibility)
    await settle()
assert [reply.text for reply in table.rows.values()] == ["A comment for everybody"], "a direct message is no comment"
