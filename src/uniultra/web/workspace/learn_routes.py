"""The page's addresses for learning: what was learned, begin, cancel, resume, and which model answers."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import BaseModel, StringConstraints

from uniultra.web.schemas import Strict
from uniultra.web.service import Service
from uniultra.web.workspace.lessons import LEAST_IMAGES, Lesson
from uniultra.web.workspace.teach import begin_lesson
from uniultra.web.workspace.workspace import Workspace

AT = "/v1/workspace/learning"


class LearnIn(Strict):
    """The kind of structure to learn, by the name that it has on the accepted images."""

    kind: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]


class LessonIn(Strict):
    """A lesson by its id; "" for the model that the server began with."""

    lesson: Annotated[str, StringConstraints(strict=True, max_length=120)]


class LearningOut(BaseModel):
    """`unavailable` is why nothing can be learned here, or empty; `using` the lesson whose model answers."""

    unavailable: str
    least: int
    lessons: list[Lesson]
    using: str
    model: str
    version: str


def add_learning(app: FastAPI, service: Service, workspace: Workspace) -> None:
    """Adds learning to a server."""
    learner = workspace.learner

    async def state() -> LearningOut:
        lessons = await asyncio.to_thread(learner.lessons)
        return LearningOut(
            unavailable=learner.unavailable(),
            least=LEAST_IMAGES,
            lessons=lessons,
            using=workspace.using,
            model=service.model.name,
            version=service.model.version,
        )

    @app.get(AT, response_model=LearningOut, include_in_schema=False)
    async def learning() -> LearningOut:
        """Lessons of the project, and how far they are."""
        return await state()

    @app.post(AT, status_code=202, response_model=LearningOut, include_in_schema=False)
    async def learn(request: Request) -> LearningOut:
        """Begins a lesson on what was accepted of one kind."""
        requested = await service.bodies.read(request, LearnIn)
        await begin_lesson(service, workspace, requested.kind)
        return await state()

    @app.post(AT + "/resume", status_code=202, response_model=LearningOut, include_in_schema=False)
    async def resume(request: Request) -> LearningOut:
        """Goes on with a lesson that was cancelled or killed."""
        requested = await service.bodies.read(request, LessonIn)
        lesson = await asyncio.to_thread(learner.lesson, requested.lesson)
        await asyncio.to_thread(learner.start, learner.root / lesson.id)
        return await state()

    @app.post(AT + "/cancel", response_model=LearningOut, include_in_schema=False)
    async def cancel() -> LearningOut:
        """Stops the lesson under way; it can be resumed."""
        await asyncio.to_thread(learner.cancel)
        return await state()

    @app.post(AT + "/use", response_model=LearningOut, include_in_schema=False)
    async def use(request: Request) -> LearningOut:
        """Answers with a lesson's model from now on, or with the first one again."""
        requested = await service.bodies.read(request, LessonIn)
        await workspace.use(service, requested.lesson)
        return await state()
