"""Pictures: taken in, made safe and small, kept on disk or in S3, handed out."""
