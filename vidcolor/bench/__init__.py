"""What a film costs beside a plain transcode: rounds of both in turn, and where the time of a run goes."""
