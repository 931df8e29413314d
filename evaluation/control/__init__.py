"""Control: policies trained inside a learned simulator, judged by the battles that they win in the engine."""
