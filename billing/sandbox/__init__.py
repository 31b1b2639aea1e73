"""A strict local stand-in for the AWS calls this product makes; replays a real trace and imports nothing of ours."""
